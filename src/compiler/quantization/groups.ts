import type { Range } from '../calibrate.ts';
import { activationParameters, type Parameters } from '../quantization.ts';

/** Values whose bytes mean the same, since they are the same bytes or are joined without a conversion. */
export class Groups {
  readonly #parents = new Map<string, string>();
  readonly #ranges = new Map<string, Range>();
  /** The narrowest of the ranges that a group was made of. */
  readonly #narrowest = new Map<string, number>();
  readonly #fixed = new Map<string, () => Parameters>();

  /** Let the group of `value` have to hold `range`. */
  add(value: string, range: Range): void {
    this.#widen(this.#root(value), range, span(range));
  }

  /** Let the group of `value` have to hold `number` too. */
  hold(value: string, number: number): void {
    this.#widen(this.#root(value), { min: number, max: number }, Number.POSITIVE_INFINITY);
  }

  /** Let the bytes of `value` mean this and nothing else. */
  fix(value: string, parameters: Parameters): void {
    this.#fixed.set(this.#root(value), () => parameters);
  }

  /** Let the bytes of `value` mean `factor` times what those of `origin` do. */
  scale(value: string, origin: string, factor: number): void {
    this.#fixed.set(this.#root(value), () => {
      const { scale, zeroPoint } = this.parameters(origin);
      return { scale: Math.fround(scale * factor), zeroPoint };
    });
  }

  /** Let `value` be of the group of `other`. */
  join(value: string, other: string): void {
    const from = this.#root(value);
    const to = this.#root(other);
    if (from === to) return;
    this.#parents.set(from, to);
    const range = this.#ranges.get(from);
    if (range !== undefined) this.#widen(to, range, this.#narrowest.get(from) ?? span(range));
    const fixed = this.#fixed.get(from);
    if (fixed !== undefined) this.#fixed.set(to, fixed);
  }

  /** Whether one meaning serves all of `values`: that no range would lose more than `bits` by it. */
  agree(values: readonly string[], bits: number): boolean {
    const roots = [...new Set(values.map((value) => this.#root(value)))];
    if (roots.length === 1) return true;
    if (roots.some((root) => this.#fixed.has(root) || !this.#ranges.has(root))) return false;
    const whole = roots.reduce<Range | undefined>(
      (sum, root) => union(sum, this.#ranges.get(root)),
      undefined,
    );
    const narrowest = Math.min(...roots.map((root) => this.#narrowest.get(root) ?? 0));
    return whole !== undefined && narrowest * 2 ** bits >= span(whole);
  }

  together(values: readonly string[]): boolean {
    return new Set(values.map((value) => this.#root(value))).size === 1;
  }

  parameters(value: string): Parameters {
    const root = this.#root(value);
    return this.#fixed.get(root)?.() ?? activationParameters(this.#ranges.get(root) ?? { min: 0, max: 0 });
  }

  #widen(root: string, range: Range, narrowest: number): void {
    this.#ranges.set(root, union(this.#ranges.get(root), range) ?? range);
    this.#narrowest.set(root, Math.min(this.#narrowest.get(root) ?? narrowest, narrowest));
  }

  #root(value: string): string {
    let root = value;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) {
      root = parent;
    }
    return root;
  }
}

function union(a: Range | undefined, b: Range | undefined): Range | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** Of what a byte has to hold, which is always also zero. */
function span({ min, max }: Range): number {
  return Math.max(max, 0) - Math.min(min, 0);
}
