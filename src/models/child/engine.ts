import { openSession, type Session } from '../../compiler/runtime.ts';
import type { Bundle } from '../bundle.ts';

/**
 * The net of a bundle in the engine that the bundle asks for.
 * @throws MODEL_LOAD_FAILED, or BUNDLE_INVALID if a file of the net is missing.
 */
export async function openEngine(bundle: Bundle, threads: number): Promise<Session> {
  const { engine = 'onnx', graph } = bundle.manifest;
  if (engine === 'onnx') return openSession(bundle.file(graph), { threads });
  // TensorFlow.js takes a second and 100 MB: nobody else has to bear it.
  const { openTfjsSession } = await import('./tfjs/session.ts');
  return openTfjsSession(bundle, threads);
}
