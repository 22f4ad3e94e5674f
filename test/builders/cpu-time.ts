// How long work takes, however busy the machine is with other work.

/** The time of the processor that this process has used, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
