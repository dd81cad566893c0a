import { arithmetic } from './arithmetic.ts';
import { arrangement } from './arrangement.ts';
import { type Importer, input, operand } from './call.ts';
import { convolutions } from './convolutions.ts';
import { pictures } from './pictures.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import { storedFloats } from './stored.ts';

/** What becomes of each operator of TFLite. */
export const operators: ReadonlyMap<string, Importer> = new Map(
  Object.entries({
    ...arithmetic,
    ...arrangement,
    ...convolutions,
    ...pictures,
    ...products,
    ...reductions,
    DEQUANTIZE: (call) => {
      const { info, value } = operand(call, 0);
      // Bytes say what they mean: who reads them as numbers gets numbers, who moves them moves bytes.
      return info.data.byteLength > 0 ? call.builder.constant(storedFloats(info)) : value;
    },
    // The bytes are made of what comes here as of every output.
    QUANTIZE: (call) => input(call, 0),
  } satisfies Record<string, Importer>),
);
