package io.hubspoke.streams;

/** Columns and rows of a terminal, each from 1 to 65535. */
public record TerminalSize(int width, int height) {}
