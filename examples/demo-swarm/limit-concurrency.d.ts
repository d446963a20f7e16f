export declare function limitConcurrency(most: number): <T>(call: () => Promise<T>) => Promise<T>
