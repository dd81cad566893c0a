import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compiler/compile.ts';

const shared = new URL('../../../shared/models/', import.meta.url);
const models = existsSync(shared) ? readdirSync(shared).filter((name) => /\.(tflite|onnx)$/.test(name)) : [];

describe.skipIf(models.length === 0)('nets of others (skipped where ../shared is missing)', () => {
  it.each(models)('%s compiles to one with a free batch and the same answers', async (name) => {
    const { report } = await compile({ path: fileURLToPath(new URL(name, shared)) });
    // Compiling compares the answers before and after the passes, and those of a batch with those of its rows.
    expect(report.passesDb).toBeGreaterThan(60);
    expect(report.batch).toBe('free');
    const isQuantized = /uint8|int8|quant\./.test(name);
    expect(report.form).toBe(isQuantized ? 'quantized' : 'float');
    if (isQuantized) expect(report.floatProducts).toEqual([]);
  });
});
