export declare function sampleValue(schema: unknown, topic: string): unknown
