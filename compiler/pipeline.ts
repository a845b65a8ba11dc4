/** The whole compiler in reading order. */
export {};
