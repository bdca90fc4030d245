//! Promises about releases side by side, one file each.

mod rollout {
    mod alive;
    mod checked;
    mod contract;
    mod fence;
    mod guests;
    mod operator;
    mod stopped;
    mod switch;
}
