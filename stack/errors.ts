// The two ways the local stack fails: the machine lacks something, or a service did not come up.

/** Something this machine must have is missing; each problem is one sentence saying what, and how to mend it. */
export class StackRequirementError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'StackRequirementError';
    this.problems = problems;
  }
}

/** A build step or a service failed; the message ends with the last lines of its log. */
export class StackServiceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StackServiceError';
  }
}
