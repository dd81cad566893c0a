import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Why no service manager can be played here; undefined where one can. */
export const notifyUnavailable = ['systemd-notify', 'perl'].find(
  (program) => spawnSync(program, ['--version']).error,
);

/** Node has no Unix datagram sockets; Perl is in every Debian. File descriptors that come along are closed. */
const listener = `
  use Socket;
  $| = 1;
  my $path = $ARGV[0];
  $path =~ s/^@/\\0/;
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
  bind($socket, pack_sockaddr_un($path)) or die "bind: $!";
  print "bound\\n";
  while (defined recv($socket, my $message, 4096, 0)) {
    $message =~ s/\\n/ /g;
    print "$message\\n";
  }
`;

/** The receiving end of sd_notify(3): one line a message, without the barriers between them. */
export async function listenAt(path: string) {
  const child = spawn('perl', ['-e', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const messages: string[] = [];
  const waiting = new Set<() => void>();
  const bound = new Promise<void>((resolve) => waiting.add(resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line !== 'bound' && !line.startsWith('BARRIER=')) messages.push(line);
    for (const wake of waiting) wake();
  });
  await bound;
  waiting.clear();
  /** Resolves when a message begins with each of `beginnings`, in this order, after the first `from` messages. */
  const until = async (beginnings: readonly string[], { from = 0, timeoutMs = 10_000 } = {}) => {
    const deadline = Date.now() + timeoutMs;
    while (!inOrder(messages.slice(from), beginnings)) {
      if (Date.now() > deadline)
        throw new Error(`Expected ${beginnings} but received ${messages.join(' | ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return messages;
  };
  return { messages, until };
}

function inOrder(messages: readonly string[], beginnings: readonly string[]): boolean {
  let at = 0;
  for (const message of messages) if (message.startsWith(beginnings[at] ?? '\n')) at++;
  return at >= beginnings.length;
}
