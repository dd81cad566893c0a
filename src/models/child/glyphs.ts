/**
 * Letters as strokes of a pen, so that labels look the same on every machine: a gateway has no fonts. A
 * stroke is a run of points, a point two digits: x from the left, y from the top. Capitals stand on y = 6
 * and reach up to 0; small letters reach up to 2, and down to 8. A dot is a stroke of no length, drawn with a round pen.
 */
const strokes: Readonly<Record<string, string>> = {
  A: '0602204246 0444',
  B: '06003041423303 3344453606',
  C: '4130100105163645',
  D: '00062644422000',
  E: '40000646 0333',
  F: '400006 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '0020 1016 0626',
  J: '4045361605',
  K: '0006 400346',
  L: '000646',
  M: '0600234046',
  N: '06004640',
  O: '103041453616050110',
  P: '06003041423303',
  Q: '103041453616050110 2446',
  R: '06003041423303 2346',
  S: '413010010213334445361605',
  T: '0040 2026',
  U: '000516364540',
  V: '002640',
  W: '0016233640',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  a: '0312223336 34140516263635',
  b: '0006 0312223335261605',
  c: '3322120305162635',
  d: '3036 3322120305162635',
  e: '04343322120305162635',
  f: '30201116 0222',
  g: '3237281807 3322120305162635',
  h: '0006 0312223336',
  i: '0206 0000',
  j: '121708 1010',
  k: '0006 3205 1436',
  l: '000516',
  m: '0206 03122326 23324346',
  n: '0206 0312223336',
  o: '122233352616050312',
  p: '0208 0312223335261605',
  q: '3238 3322120305162635',
  r: '0206 031222',
  s: '33221203142435261605',
  t: '10152636 0232',
  u: '0205162635 3236',
  v: '022642',
  w: '0216243642',
  x: '0236 3206',
  y: '0226 4218',
  z: '02320636',
  0: '103041453616050110 1531',
  1: '112026 1636',
  2: '01103041420646',
  3: '01103041423313 334445361605',
  4: '36300444',
  5: '400003334445361605',
  6: '4130100105163645443303',
  7: '004016',
  8: '130201103041423313 1304051636454433',
  9: '4313020110304145361605',
  '.': '0606',
  ',': '1607',
  ':': '0303 0606',
  ';': '1313 1607',
  '!': '0004 0606',
  '?': '01103041422324 2626',
  '-': '0333',
  _: '0747',
  '+': '0343 2125',
  '=': '0232 0434',
  '/': '0640',
  '\\': '0046',
  '(': '10010516',
  ')': '00111506',
  '[': '10000616',
  ']': '00101606',
  '{': '20111203141526',
  '}': '00111223141506',
  '<': '310335',
  '>': '013305',
  '%': '4006 0010110100 3545463635',
  '#': '1016 3036 0242 0444',
  '*': '0244 0442 2125',
  '&': '4602011020210405162644',
  '@': '32344441301001051646 3222132434',
  $: '413010010213334445361605 2026',
  "'": '0001',
  '"': '0001 2021',
  '`': '0011',
  '^': '022042',
  '~': '0312233443',
  '|': '0007',
  '°': '0020220200',
  '×': '0135 3105',
  µ: '0208 0205162635 3236',
  '–': '0343',
  '—': '0343',
  '…': '0606 2626 4646',
  ' ': '',
};

interface Glyph {
  /** Runs of points `[x, y]`. */
  readonly strokes: readonly (readonly (readonly [number, number])[])[];
  readonly width: number;
}

const gap = 2;
const glyphs = new Map(Object.entries(strokes).map(([character, drawn]) => [character, glyph(drawn)]));
/** What no pen stroke is known for. */
const unknown = glyph('0040460600');
const ellipsis = glyph('0606 2626 4646');

/** A line of writing: an SVG path of a pen, and how far it reaches. Capitals are 6 units high. */
export interface Writing {
  readonly path: string;
  readonly width: number;
}

/**
 * `text` as strokes, cut off with an ellipsis where it would exceed `width`. Accents are left off; what is
 * still unknown becomes a box.
 */
export function write(text: string, width = Number.POSITIVE_INFINITY): Writing {
  const line: Glyph[] = [];
  let reach = -gap;
  for (const character of plain(text)) {
    const next = glyphs.get(character) ?? unknown;
    line.push(next);
    reach += gap + next.width;
    if (reach > width) return draw(shorten(line, width));
  }
  return draw(line);
}

function shorten(line: readonly Glyph[], width: number): Glyph[] {
  const kept = [...line];
  while (kept.length > 0 && reachOf([...kept, ellipsis]) > width) kept.pop();
  return ellipsis.width <= width ? [...kept, ellipsis] : [];
}

function reachOf(line: readonly Glyph[]): number {
  return line.reduce((reach, { width }) => reach + gap + width, -gap);
}

function draw(line: readonly Glyph[]): Writing {
  let path = '';
  let at = 0;
  for (const { strokes, width } of line) {
    for (const stroke of strokes) path += `M${stroke.map(([x, y]) => `${x + at} ${y}`).join('L')}`;
    at += width + gap;
  }
  return { path, width: Math.max(0, at - gap) };
}

function glyph(drawn: string): Glyph {
  const parts = drawn.split(' ').filter((part) => part !== '');
  const strokes = parts.map((part) =>
    Array.from(
      { length: part.length / 2 },
      (_, i) => [Number(part[i * 2]), Number(part[i * 2 + 1])] as const,
    ),
  );
  // A blank is as wide as a point.
  return { strokes, width: Math.max(1, ...strokes.flat().map(([x]) => x)) };
}

function plain(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .replace(/\s+/gu, ' ');
}
