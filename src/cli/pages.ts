// `errors`, `kinds`, `ignored-reasons`: the reference pages that are generated from lists in the code.
import type { Command } from 'commander';
import { ignoredReference } from '../flows/ignored-reference.ts';
import { kindsPage } from '../messages/kinds-page.ts';
import { KINDS } from '../messages/registry.ts';
import { errorReference } from '../telemetry/error-reference.ts';
import { generator } from './options.ts';

/** The commands, one for each page. */
export function pageCommands(): readonly Command[] {
  return [
    generator('errors', 'List every error code, what it means and how to mend it', errorReference),
    generator('kinds', 'List the kinds of messages that cross, and what each keeps and loses', () =>
      kindsPage(KINDS),
    ),
    generator(
      'ignored-reasons',
      'List every reason why an item is ignored, and what it means',
      ignoredReference,
    ),
  ];
}
