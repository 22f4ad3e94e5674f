// The share that changes of teams, people and rooms have of the workers.

/**
 * How many workers may have such changes at one time: a homeserver that lets each request wait so holds up half of the workers, and
 * half of the requests to it, at most.
 */
export function bulkSlotsOf(config: {
  readonly inbox: { readonly workers: number };
  readonly matrix: { readonly maxConcurrentRequests: number };
}): number {
  return Math.max(1, Math.floor(Math.min(config.inbox.workers, config.matrix.maxConcurrentRequests) / 2));
}
