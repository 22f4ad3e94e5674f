// `healthcheck`: asks a running bridge for its health, for containers without curl. Kept light: it runs every few seconds.
import { Command } from 'commander';

/** The command `healthcheck`. */
export function healthcheckCommand(): Command {
  return new Command('healthcheck')
    .description('Ask a running bridge for its health; exit code 0 or 1')
    .option(
      '--url <url>',
      'what to ask',
      `http://127.0.0.1:${process.env['BRIDGE_LISTEN_PORT'] ?? '3000'}/health`,
    )
    .option('--ready', 'ask whether it is ready instead of alive')
    .action(async ({ url, ready }: { url: string; ready?: boolean }) => {
      const target = ready === true ? new URL('/health/ready', url) : new URL(url);
      const answer = await fetch(target, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      process.stdout.write(`${target.href}: ${answer === undefined ? 'no answer' : String(answer.status)}\n`);
      process.exitCode = answer?.ok === true ? 0 : 1;
    });
}
