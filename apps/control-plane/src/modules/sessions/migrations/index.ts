export { Sessions1795254420000 } from './1795254420000-sessions.js';
export { OperationTurns1795255740000 } from './1795255740000-operation-turns.js';
export { OperationFlags1795255870000 } from './1795255870000-operation-flags.js';
