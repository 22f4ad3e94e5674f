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
      const { drainSeconds, graceSeconds } = config.shutdown;
      const stopped = stopOnSignal(() => daemon.stop(), (drainSeconds + 2 * graceSeconds) * 1000 + 5_000);
      await Promise.race([daemon.start(), stopped]);
      await stopped;
    });
}

/**
 * Stops at the first SIGTERM or SIGINT. A second signal, or a stop that takes too long, ends the process at once:
 * the log holds what was in hand.
 */
async function stopOnSignal(stop: () => Promise<void>, hardStopAfterMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        resolve();
      });
  });
  const giveUp = (): void => {
    process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, giveUp);
  setTimeout(giveUp, hardStopAfterMs).unref();
  await stop();
}
