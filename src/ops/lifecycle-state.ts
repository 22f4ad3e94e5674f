// The daemon's states, in the order in which it passes through them.

/** `draining`: asked to stop, still answering, so that load balancers can turn away. */
export type LifecycleState = 'starting' | 'running' | 'draining' | 'stopped';
