import { type Command, Option } from 'commander';
import type { Preprocessing } from '../compiler/passes/picture-input.ts';
import { numbers, positive } from './numbers.ts';

/** What was done to pictures before a net. */
export interface PreprocessingOptions {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly scale?: number;
  readonly colour?: 'rgb' | 'bgr' | 'grey';
  readonly layout?: 'nchw' | 'nhwc';
}

export interface Options extends PreprocessingOptions {
  readonly out?: string;
  readonly calibrate?: string;
  readonly quantize?: 'int8' | 'none';
  readonly samples: number;
  readonly minSqnr: number;
  /** True: beside the compiled model. */
  readonly report?: string | true;
  readonly resize: 'fill' | 'cover' | 'contain';
  readonly json?: boolean;
}

/** Adds what says how pictures were prepared for a net. */
export function addPreprocessing(command: Command): Command {
  return command
    .option(
      '--mean <numbers>',
      'of what the net takes: (byte * scale - mean) / std; one, or one a channel',
      numbers,
    )
    .option('--std <numbers>', 'one, or one a channel', numbers)
    .option('--scale <n>', 'as 1/255', positive)
    .addOption(new Option('--colour <order>', 'of the channels of the net').choices(['rgb', 'bgr', 'grey']))
    .addOption(new Option('--layout <layout>', 'of the input of the net').choices(['nchw', 'nhwc']))
    .addOption(
      new Option('--resize <mode>', 'how pictures come to their size')
        .choices(['fill', 'cover', 'contain'])
        .default('fill'),
    );
}

/** `undefined` where nothing is said of pictures. */
export function preprocessingOf({
  mean,
  std,
  scale,
  colour,
  layout,
}: PreprocessingOptions): Preprocessing | undefined {
  const said = [mean, std, scale, colour, layout].some((each) => each !== undefined);
  if (!said) return undefined;
  return {
    ...(mean && { mean }),
    ...(std && { std }),
    ...(scale !== undefined && { scale }),
    ...(colour && { colour }),
    ...(layout && { layout }),
  };
}
