/** How an agent ended: on its own, because it was told to, or by an error nobody caught. */
export interface AgentExit {
  readonly code: number
  readonly reason: 'normal' | 'signal' | 'crash'
}
