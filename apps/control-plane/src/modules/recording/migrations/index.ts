export { Recording1795254360000 } from './1795254360000-recording.js';
