/** Waits without keeping the agent alive: one that ends meanwhile takes the action with it. */
export const resting = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
