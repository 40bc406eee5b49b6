/**
 * Runs a scene under one seed after the other. The error of one that fails names the seed, and the last of its lines
 * repeats it.
 *
 * @param scene - starts its host with the seed in its `chaos`
 */
export async function underChaos(
  seeds: readonly number[],
  scene: (seed: number) => Promise<void>,
): Promise<void> {
  for (const seed of seeds) {
    try {
      await scene(seed);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${message}\nThis was chaos seed ${seed}: repeat it with underChaos([${seed}], …).`,
        { cause: error },
      );
    }
  }
}
