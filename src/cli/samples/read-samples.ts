import { whyUnreadable } from '../../config/files.ts';
import type { SampleWithPayload } from '../../daemon/samples/sample.ts';
import { readSample, sampleFiles } from '../../daemon/samples/sample-files.ts';
import { GatewayError } from '../../errors.ts';

/**
 * The samples of a gateway, oldest first, while it may be running: what goes meanwhile is left out, and what is
 * damaged is told to `onDamaged`.
 * @throws REQUEST_FAILED if the folder cannot be read
 */
export async function* readSamples(
  folder: string,
  onDamaged: (error: GatewayError) => void,
): AsyncGenerator<SampleWithPayload> {
  const files = await sampleFiles(folder).catch((cause) => {
    const none = cause.code === 'ENOENT';
    const received = none ? 'none: no frame was kept there, see `samples.enabled`' : whyUnreadable(cause);
    const text = `Expected a folder of samples at ${folder} but received ${received}`;
    throw new GatewayError('REQUEST_FAILED', text, { cause });
  });
  for (const file of files) {
    try {
      yield await readSample(file);
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'SAMPLE_INVALID') onDamaged(error);
      else if (!isGone(error)) throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
