/** The file that tells an export of samples from other folders: a JSON array, written last. */
export const exportIndex = 'samples.json';

/** Beside the folders of the classes: what nobody has labelled. */
export const unlabelledFolder = 'unlabelled';
