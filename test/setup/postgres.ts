// Starts PostgreSQL once for a test run; tests make databases of their own on it.
import type { TestProject } from 'vitest/node';
import { startGuard } from '../../stack/guard.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { createRunFolder } from '../../stack/run-folder.ts';
import './provided.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const guard = await startGuard();
  try {
    const folder = await createRunFolder(guard, false);
    const postgres = await startPostgres({
      guard,
      folder: folder.path,
      logFolder: folder.logs,
      databaseUrl: process.env['DATABASE_URL'],
      fsync: false,
    });
    project.provide('adminUrl', postgres.adminUrl);
  } catch (error) {
    await guard.end();
    throw error;
  }
  return () => guard.end();
}
