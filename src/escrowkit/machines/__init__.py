"""The machines: one file each, built round its TABLE; strangers to one another."""
