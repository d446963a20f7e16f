/**
 * Whether this Node bears a load hook. Before these versions any hook, also one that changes nothing, breaks `import`
 * of CommonJS packages that require one another in a circle (`request for './index.js' is not in cache`, measured with
 * `get-intrinsic`): an agent must not end by our doing.
 */
export const canHookLoading = (nodeVersion: string): boolean => {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  if (major === 22) return minor >= 23
  if (major === 24) return minor >= 12
  if (major === 25) return minor >= 3
  return major >= 26
}
