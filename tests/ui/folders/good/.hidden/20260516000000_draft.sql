nor this '
