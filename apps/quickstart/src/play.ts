import { NotBuilt } from './gate.js';
import { bold, green, indented, line, red, yellow } from './print.js';
import { cloudBucket } from './scenes/bucket.js';
import { deletion } from './scenes/delete.js';
import { drop } from './scenes/drop.js';
import { cloudObject } from './scenes/object.js';
import { replay } from './scenes/replay.js';
import { select } from './scenes/select.js';
import { verification } from './scenes/verify.js';
import type { Scene, Stage } from './stage.js';
import { Trouble } from './trouble.js';

const scenes: readonly Scene[] = [select, drop, deletion, replay, verification, cloudObject, cloudBucket];

const outcome = async (scene: Scene, stage: Stage): Promise<'done' | 'failed'> => {
  try {
    await scene.play(stage);
    line(indented(green('as it should be'), 3));
    return 'done';
  } catch (error) {
    if (error instanceof NotBuilt) line(indented(yellow(`MISSING: ${error.message}`), 3));
    else line(indented(red(`FAILED: ${error instanceof Error ? error.message : String(error)}`), 3));
    if (error instanceof Trouble) line(indented(error.hint, 3));
    return 'failed';
  }
};

/** The main job, step by step. @returns whether every step did what it should */
export const play = async (stage: Stage): Promise<boolean> => {
  let well = true;
  for (const [index, scene] of scenes.entries()) {
    line();
    line(bold(`${index + 1}. ${scene.title}`));
    if ((await outcome(scene, stage)) !== 'done') well = false;
  }
  return well;
};
