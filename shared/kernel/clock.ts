/** Milliseconds since the epoch. Passed in wherever time matters, so that tests decide what time it is. */
export type Now = () => number;

export const systemNow: Now = () => Date.now();
