/** Loads model files and bundles, in a process of its own: a message names a file, the answer says what came of it. */
import { importModel } from '../../src/compiler/compile-source.ts';
import { GatewayError } from '../../src/errors.ts';
import { readBundle } from '../../src/models/bundle.ts';

export interface LoadRequest {
  readonly file: string;
  readonly kind: 'model' | 'bundle';
}

export interface LoadAnswer {
  /** `loaded`, a code of ours, or what was thrown that is none. */
  readonly outcome: string;
  readonly isOurs: boolean;
  /** Resident memory, MB. */
  readonly mb: number;
}

process.on('message', async ({ file, kind }: LoadRequest) => {
  const answer = await load(file, kind);
  process.send?.({ ...answer, mb: process.memoryUsage.rss() / 2 ** 20 } satisfies LoadAnswer);
});
process.send?.('ready');

async function load(file: string, kind: LoadRequest['kind']): Promise<Omit<LoadAnswer, 'mb'>> {
  try {
    await (kind === 'bundle' ? readBundle(file) : importModel(file));
    return { outcome: 'loaded', isOurs: true };
  } catch (error) {
    if (error instanceof GatewayError) return { outcome: error.code, isOurs: true };
    return { outcome: String(error), isOurs: false };
  }
}
