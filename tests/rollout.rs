//! Promises about releases side by side, one file each.

mod rollout {
    mod alive;
    mod checked;
    mod contract;
    mod fence;
    mod guests;
    mod isolation;
    mod odd;
    mod one_by_one;
    mod operator;
    mod pooler;
    mod roles;
    mod stopped;
    mod switch;
    mod wire;
}
