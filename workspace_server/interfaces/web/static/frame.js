// What every page runs.

import "./copy.js";
import "./find.js";
import "./folders.js";
import "./keys.js";
import "./live.js";
import "./narrow.js";
import "./times.js";
