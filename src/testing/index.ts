/** What the test of a plug-in imports. */
export type { TestModel } from './test-models.ts';
export { type TestOptions, type TestReport, testPipeline } from './test-pipeline.ts';
export type { Answer, TestFrame } from './trial.ts';
