// What every page runs.

import "./copy.js";
import "./keys.js";
import "./live.js";
import "./times.js";
