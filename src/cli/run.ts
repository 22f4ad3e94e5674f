// `run`: starts the daemon and stays until a signal.
import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { createLogger } from '../telemetry/logger.ts';
import { configOption } from './options.ts';

/** The command `run`. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run the bridge')
    .addOption(configOption())
    .action(async ({ config: file }: { config?: string }) => {
      const config = await loadConfig(file, process.env);
      // Loaded here, so that the light commands (a health check every few seconds) do not load the daemon.
      const { composeDaemon } = await import('../main.ts');
      const log = createLogger(config.log.level);
      const daemon = composeDaemon(config, log);
      const { drainMs, graceMs } = config.shutdown;
      const signalled = signalReceived();
      const hardStopAfterMs = drainMs + 2 * graceMs + 5_000;
      try {
        // A start that waits for the database can be stopped as well.
        await Promise.race([daemon.start(), signalled]);
        await signalled;
      } finally {
        limitStop(hardStopAfterMs);
        await daemon.stop();
      }
    });
}

/** Resolves at the first SIGTERM or SIGINT. */
async function signalReceived(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}

/** From now on another signal, or this time, ends the process at once. Items under way are handled again later. */
function limitStop(hardStopAfterMs: number): void {
  const giveUp = (): void => {
    process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, giveUp);
  setTimeout(giveUp, hardStopAfterMs).unref();
}
