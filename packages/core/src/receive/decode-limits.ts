/**
 * What no honest sender reaches. Bodies are bounded in bytes, but a two-byte attribute or a one-byte bucket
 * count grows thirty times or eight times when it is decoded; these bound one list. Whoever passes one
 * sends a body that is refused as a whole.
 */
export const decodeLimits = {
  /** Attributes in one list. SDKs cut at 128. */
  attributes: 1024,
  /** Bucket counts, bounds or quantiles in one point. SDKs make 160 buckets at most. */
  buckets: 16_384,
  /** Arrays and lists inside each other in one attribute value. */
  nesting: 64,
} as const
