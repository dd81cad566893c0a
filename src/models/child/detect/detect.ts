import type { Bundle } from '../../bundle.ts';
import type { Detector } from '../../detector.ts';
import type { PictureInput } from '../../manifest.ts';
import type { WireDetections } from '../../protocol.ts';
import type { Rows } from '../outputs.ts';
import type { Placement } from '../placement.ts';
import { blazeface } from './blazeface.ts';
import type { Candidate, Decoding } from './candidate.ts';
import { centernet } from './centernet.ts';
import { fastestdet } from './fastestdet.ts';
import { nanodet } from './nanodet.ts';
import { suppress } from './nms.ts';
import { ssd } from './ssd.ts';
import { yolox } from './yolox.ts';
import { yunet } from './yunet.ts';

const defaults = { minScore: 0.3, iou: 0.5, maxBoxes: 100 };
/** A detector at the worst proposes a box a cell: what is compared with each other must have a bound. */
const mostCandidates = 2_000;

/** Where the input of the net came from: the region that was placed on it, in parts of itself. */
export interface View {
  readonly placement: Placement;
  /** Of the region, in pixels of the picture. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The boxes of each picture of a batch, in parts of the picture (or region of it) that was asked about.
 * @throws BUNDLE_INVALID if the anchors that it names are missing.
 */
export function boxDecoder(
  detector: Detector,
  input: PictureInput,
  { file }: Pick<Bundle, 'file'>,
): (outputs: Readonly<Record<string, Rows>>, views: readonly View[]) => WireDetections {
  const propose = proposer(detector, file);
  const { minScore = defaults.minScore, iou = defaults.iou, maxBoxes = defaults.maxBoxes } = detector;
  const { width, height } = input;
  return (outputs, views) => {
    const decoding = { outputs, width, height, minScore };
    const rows = views.map((view, row) => {
      const best = bounded(propose(decoding, row));
      return suppress(best, iou, maxBoxes).flatMap((candidate) => seen(candidate, view, input) ?? []);
    });
    return pack(rows, detector.points?.length ?? 0);
  };
}

function proposer(detector: Detector, file: Bundle['file']): (d: Decoding, row: number) => Candidate[] {
  switch (detector.kind) {
    case 'centernet':
      return (decoding, row) => centernet(detector, decoding, row);
    case 'yolox':
      return (decoding, row) => yolox(detector, decoding, row);
    case 'fastestdet':
      return (decoding, row) => fastestdet(detector, decoding, row);
    case 'nanodet':
      return (decoding, row) => nanodet(detector, decoding, row);
    case 'blazeface':
      return (decoding, row) => blazeface(detector, decoding, row);
    case 'yunet':
      return (decoding, row) => yunet(detector, decoding, row);
    case 'ssd': {
      const anchors = littleEndianFloats(file(detector.anchors));
      return (decoding, row) => ssd(detector, anchors, decoding, row);
    }
  }
}

function bounded(candidates: Candidate[]): Candidate[] {
  if (candidates.length <= mostCandidates) return candidates;
  return candidates.sort((a, b) => b.score - a.score).slice(0, mostCandidates);
}

/** From parts of the net's input to parts of what was asked about; `undefined` for what lies beside it. */
function seen(candidate: Candidate, view: View, { width, height }: PictureInput): Candidate | undefined {
  const { placement: place } = view;
  const x = (value: number) =>
    (place.left + ((value * width - place.atX) * place.width) / place.outWidth - view.left) / view.width;
  const y = (value: number) =>
    (place.top + ((value * height - place.atY) * place.height) / place.outHeight - view.top) / view.height;
  const left = within(x(candidate.left));
  const top = within(y(candidate.top));
  const right = within(x(candidate.right));
  const bottom = within(y(candidate.bottom));
  if (!(right > left && bottom > top)) return undefined;
  const points = candidate.points?.map((value, i) => (i % 2 === 0 ? x(value) : y(value)));
  const { score, index } = candidate;
  return { left, top, right, bottom, score, index, ...(points ? { points } : {}) };
}

function within(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function pack(rows: readonly (readonly Candidate[])[], points: number): WireDetections {
  const all = rows.flat();
  return {
    counts: Uint32Array.from(rows, (row) => row.length),
    boxes: Float32Array.from(
      all.flatMap(({ left, top, right, bottom }) => [left, top, right - left, bottom - top]),
    ),
    scores: Float32Array.from(all, ({ score }) => score),
    index: Uint32Array.from(all, ({ index }) => index),
    ...(points > 0
      ? { points: Float32Array.from(all.flatMap((each) => (each.points ?? []).slice(0, points * 2))) }
      : {}),
  };
}

function littleEndianFloats(data: Uint8Array): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Float32Array.from({ length: data.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
}
