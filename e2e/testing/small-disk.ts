import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestDatabase } from '@sallyport/testkit';

export interface SmallDisk {
  /** How the disk is made full: with a real one only root can mount, else by the error that a full one gives. */
  readonly kind: 'file system' | 'SQLSTATE 53100 raised by a trigger';
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Puts the table back where it was. */
  remove(): Promise<void>;
}

/** A table of the store on a disk of its own that can be filled: a tmpfs where it may be mounted. */
export async function smallDisk(store: TestDatabase, table: string): Promise<SmallDisk> {
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', home]).status === 0;
  if (!mounted) rmSync(home, { recursive: true });
  return mounted ? tablespaceOn(home, store, table) : failingInserts(store, table);
}

async function tablespaceOn(home: string, store: TestDatabase, table: string): Promise<SmallDisk> {
  const [data] = await store.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
  const { uid, gid } = statSync(data!.folder);
  const folder = path.join(home, 'tablespace');
  mkdirSync(folder);
  chownSync(folder, uid, gid);
  await store.query(`create tablespace small location '${folder}'`);
  await store.query(`alter table ${table} set tablespace small`);
  const filler = path.join(home, 'filler');
  return {
    kind: 'file system',
    fill: async () => {
      for (const size of [1024 * 1024, 64 * 1024, 4096]) while (written(filler, size));
    },
    free: async () => rmSync(filler),
    remove: async () => {
      try {
        await store.query(`alter table ${table} set tablespace pg_default`);
        await store.query('drop tablespace small');
      } finally {
        spawnSync('umount', ['-l', home]); // whatever the store still holds: nothing stays mounted
        rmSync(home, { recursive: true });
      }
    },
  };
}

const written = (file: string, size: number): boolean => {
  try {
    writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
};

async function failingInserts(store: TestDatabase, table: string): Promise<SmallDisk> {
  await store.query(`create function disk_full() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  return {
    kind: 'SQLSTATE 53100 raised by a trigger',
    fill: async () =>
      void (await store.query(
        `create trigger disk_full before insert on ${table} for each statement execute function disk_full()`,
      )),
    free: async () => void (await store.query(`drop trigger disk_full on ${table}`)),
    remove: async () => void (await store.query('drop function disk_full()')),
  };
}
