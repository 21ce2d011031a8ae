export { Sessions1795254420000 } from './1795254420000-sessions.js';
