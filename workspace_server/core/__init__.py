"""Pure rules: values in, values out. No disk, no clock, no third-party import."""
