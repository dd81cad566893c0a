/**
 * Who somebody is, on the faces of ORL: half of the people are members, enrolled with 3 pictures each and tested with
 * the 7 others, the rest are strangers. Face detector, alignment, embedder, gallery and the judgement of a track are
 * those of the pipeline; each test is a single picture, where the pipeline has several of a track. `EVAL_FACE` and
 * `EVAL_EMBEDDER` name bundles other than the default ones.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { atLeast, atMost, type Benchmark, type Goal, rounded } from '../bench/report.ts';
import { Image } from '../src/image.ts';
import { faceLimits, readFace } from '../src/pipelines/people/face.ts';
import { Identity } from '../src/pipelines/people/identity.ts';
import { bestMatch, type Member } from '../src/pipelines/people/match.ts';
import { startHost } from './host.ts';

const data = new URL('../../shared/data/faces-orl/', import.meta.url);
const enrolled = 3;
/** Who is a member is drawn anew each time. */
const splits = 20;

interface Person {
  readonly name: string;
  /** One a picture; `undefined` where no face was found. */
  readonly faces: readonly (Float32Array | undefined)[];
}

const goals = [
  { what: 'members told apart (rank 1)', unit: 'share', want: '>= 0.99' },
  { what: 'strangers taken for a member', unit: 'share', want: '<= 0.01' },
  { what: 'members refused', unit: 'share', want: '<= 0.03' },
];

const measure: Benchmark = async (say) => {
  if (!existsSync(data)) {
    const why = 'the faces are missing: ../shared/data/faces-orl';
    return { goals: goals.map((goal): Goal => ({ ...goal, got: null, ok: false, why })), figures: {} };
  }
  const { EVAL_FACE = 'builtin:blazeface', EVAL_EMBEDDER = 'builtin:faceres' } = process.env;
  const [face, embedder] = [await startHost(EVAL_FACE), await startHost(EVAL_EMBEDDER)];
  try {
    const limits = faceLimits({ minScore: null, minPixels: 32 }, face);
    const people = await Promise.all(
      (await readdir(data)).sort().map(async (name): Promise<Person> => {
        const images = await imagesOf(name);
        const faces = await Promise.all(images.map((image) => readFace(image, { face, embedder }, limits)));
        return { name, faces: faces.map((each) => each?.embedding) };
      }),
    );
    const missed = people.flatMap(({ faces }) => faces).filter((each) => !each).length;
    say(`${people.length} people, ${missed} pictures without a face found`);
    const { match = 0, margin = 0 } = embedder.manifest?.thresholds ?? {};
    const found = judge(people, { match, margin, minFaces: 1 });
    say(
      `rank-1 ${found.rank1.toFixed(4)}, strangers accepted ${found.accepted.toFixed(4)}, members refused ${found.refused.toFixed(4)}`,
    );
    const [rank1, accepted, refused] = goals;
    return {
      goals: [
        atLeast(rank1?.what ?? '', 'share', 0.99, found.rank1),
        atMost(accepted?.what ?? '', 'share', 0.01, found.accepted),
        atMost(refused?.what ?? '', 'share', 0.03, found.refused),
      ],
      figures: {
        missed,
        thresholds: { match, margin },
        splits,
        curve: curveOf(people),
        chosenOnOthers: chosenOnOthers(people),
      },
    };
  } finally {
    await Promise.all([face.stop(), embedder.stop()]);
  }
};
export default measure;

type Limits = Parameters<Identity['judge']>[1];

/** A picture without a face refuses a member and accepts no stranger. */
function judge(people: readonly Person[], limits: Limits) {
  const count = { tests: 0, first: 0, refused: 0, strangers: 0, accepted: 0 };
  for (let split = 0; split < splits; split++) {
    const drawn = shuffled(people, split + 1);
    const half = drawn.length >> 1;
    const members = drawn.slice(0, half).map(memberOf);
    for (const { name, faces } of drawn.slice(0, half)) {
      for (const face of faces.slice(enrolled)) {
        count.tests++;
        if (face && bestMatch(face, members)?.name === name) count.first++;
        const who = whoIs(face, members, limits);
        if (who.is !== 'member' || who.name !== name) count.refused++;
      }
    }
    for (const { faces } of drawn.slice(half)) {
      for (const face of faces) {
        count.strangers++;
        if (whoIs(face, members, limits).is === 'member') count.accepted++;
      }
    }
  }
  return {
    rank1: count.first / count.tests,
    refused: count.refused / count.tests,
    accepted: count.accepted / count.strangers,
  };
}

function whoIs(face: Float32Array | undefined, members: readonly Member[], limits: Limits) {
  const identity = new Identity();
  if (face) identity.add(face, 1);
  return identity.judge(members, limits);
}

function memberOf({ name, faces }: Person): Member {
  return { name, embeddings: faces.slice(0, enrolled).flatMap((face) => face ?? []) };
}

const thresholds = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

/** What other thresholds would give, for people who choose one. */
function curveOf(people: readonly Person[]) {
  return thresholds.map((match) => {
    const { refused, accepted } = judge(people, { match, margin: 0, minFaces: 1 });
    return { match, refused: rounded(refused), accepted: rounded(accepted) };
  });
}

/**
 * What the choice of the threshold itself is worth: it is made on half of the people, the least that accepts one
 * stranger in a hundred at most, and judged on the other half, whom nobody had seen; both ways round, ten times.
 */
function chosenOnOthers(people: readonly Person[]) {
  const outcomes = Array.from({ length: 10 }, (_, i) => shuffled(people, 1_000 + i)).flatMap((drawn) => {
    const [one, other] = [drawn.slice(0, drawn.length >> 1), drawn.slice(drawn.length >> 1)];
    return [choose(one, other), choose(other, one)];
  });
  return {
    matches: [...new Set(outcomes.map(({ match }) => match))].sort(),
    refused: rounded(mean(outcomes.map(({ refused }) => refused))),
    accepted: rounded(mean(outcomes.map(({ accepted }) => accepted))),
  };
}

function choose(seen: readonly Person[], unseen: readonly Person[]) {
  const limitsOf = (match: number) => ({ match, margin: 0, minFaces: 1 });
  const match = thresholds.find((each) => judge(seen, limitsOf(each)).accepted <= 0.01) ?? 1;
  return { match, ...judge(unseen, limitsOf(match)) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function imagesOf(name: string): Promise<Image[]> {
  const files = await Promise.all(
    Array.from({ length: 10 }, (_, i) => readFile(new URL(`${name}/${i + 1}.pgm`, data))),
  );
  return files.map(imageOfPgm);
}

/** A grey map of Netpbm: `P5 width height 255`, then the bytes. */
function imageOfPgm(file: Buffer): Image {
  const header = /^P5\s+(?:#.*\s+)*(\d+)\s+(\d+)\s+255\s/.exec(file.toString('latin1', 0, 200));
  if (!header) throw new TypeError('Expected a grey map of bytes');
  const [whole, width, height] = header;
  const raw = { width: Number(width), height: Number(height), channels: 1 as const };
  return new Image({ data: file.subarray(whole.length), format: 'raw', raw });
}

/** The same order for the same seed. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return all
    .map((each) => ({ each, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}
