//! Against brute force, and against hostile rows.

use super::*;
