export declare function limitConcurrency(
  most: number | (() => number),
): <T>(call: () => Promise<T>) => Promise<T>
