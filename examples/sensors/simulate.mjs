// Sensors that are not there: prints what they would publish, a JSON message a line.
//
//   node examples/sensors/simulate.mjs bearing --fault | edgeward replay - --topic machines/fan/vibration --rate 4
//
// KIND is bearing (0.25 s of acceleration at 4 kHz a message), ecg (a heartbeat of 140 samples at 125 Hz a
// message) or vitals (a patient's minute a message). --fault: an outer race that is pitted, beats that are
// not normal, a patient who gets worse. --dropouts: electrodes that come off. --count N, --seed N.

const [kind, ...args] = process.argv.slice(2);
const option = (name, fallback) => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(args[at + 1]);
};
const fault = args.includes('--fault');
const dropouts = args.includes('--dropouts');

// xorshift: the same seed prints the same text.
let state = (option('seed', 1) * 2_654_435_761) >>> 0 || 1;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state = (state ^ (state << 5)) >>> 0;
  return state / 2 ** 32;
}
/** Normal, by Box and Muller. */
const normal = (mean = 0, deviation = 1) =>
  mean + deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const rounded = (value, digits = 4) => Number(value.toFixed(digits));
const list = (length, make) => Array.from({ length }, (_, i) => make(i));

/** A shaft at 25 Hz with its harmonics and noise; a pit in the outer race rings at 1.2 kHz 3.58 times a turn. */
function bearing() {
  const [rate, phase, load, turn] = [4000, random() * 6.28, normal(1, 0.1), normal(25, 0.2)];
  const hits = turn * 3.58;
  const offset = random() / hits;
  const acc = list(1000, (i) => {
    const t = i / rate;
    const shaft =
      0.2 * Math.sin(6.2832 * turn * t + phase) + 0.08 * Math.sin(6.2832 * 2 * turn * t + 2 * phase);
    const since = (t + offset) % (1 / hits);
    const ring = fault ? 0.8 * Math.exp(-since * 400) * Math.sin(6.2832 * 1200 * since) : 0;
    return rounded(load * (shaft + ring) + normal(0, 0.06));
  });
  return { acc };
}

/** Waves P, Q, R, S, T as bells: [centre, width, height]. */
function ecg() {
  const waves = [
    [28, 5, 0.15],
    [46, 2, -0.15],
    [50, 2.5, 1.2],
    [54, 2.2, -0.3],
    [86, 9, 0.3],
  ];
  const odd = [
    [46, 9, 0.9],
    [66, 8, -0.6],
    [100, 12, -0.35],
  ];
  const [height, stretch, drift] = [normal(1, 0.06), normal(1, 0.02), normal(0, 0.03)];
  const beat = list(140, (i) => {
    const sum = (fault ? odd : waves).reduce(
      (total, [centre, width, amount]) =>
        total + amount * Math.exp(-(((i - 50) / stretch + 50 - centre) ** 2) / (2 * width * width)),
      0,
    );
    return rounded(height * sum + drift * Math.sin(i / 25) + normal(0, 0.02));
  });
  return { beat };
}

/** At rest; the worse ones breathe faster and faster on less and less oxygen. */
const slow = { hr: 0, spo2: 0, resp: 0, abp: 0 };
let off = 0;
function vitals(minute) {
  for (const key of Object.keys(slow)) slow[key] = 0.95 * slow[key] + normal(0, 0.3);
  const worse = fault ? Math.min(1, Math.max(0, (minute - 30) / 30)) : 0;
  const hr = 68 + 4 * slow.hr + 45 * worse + normal();
  if (dropouts && off-- <= 0 && random() < 0.05) off = 1 + Math.floor(random() * 5);
  const on = (value) => (dropouts && off > 0 ? 0 : rounded(value, 1));
  return {
    time: 1_800_000_000 + minute * 60,
    HR: on(hr),
    PULSE: on(hr + normal(0, 0.5)),
    SpO2: on(Math.min(100, 97 + 0.6 * slow.spo2 - 14 * worse + normal(0, 0.3))),
    RESP: on(14 + 1.2 * slow.resp + 18 * worse + normal(0, 0.7)),
    ABPMean: rounded(86 + 4 * slow.abp + 0.15 * (hr - 68) - 20 * worse + normal(), 1),
  };
}

const kinds = { bearing, ecg, vitals };
if (!Object.hasOwn(kinds, kind)) {
  process.stderr.write(`Expected ${Object.keys(kinds).join(', ')} but received ${kind}\n`);
  process.exit(2);
}
process.stdout.on('error', () => process.exit()); // Whoever read it has had enough.
const count = option('count', 120);
for (let i = 0; i < count; i++) process.stdout.write(`${JSON.stringify(kinds[kind](i))}\n`);
