/** Width and height of the pictures that the net takes. */
export const side = 224;
