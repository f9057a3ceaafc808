package io.hubspoke.streams;

/**
 * Which streams an exec or attach is about. With a terminal there is no {@code stderr}: both come
 * out of it.
 */
public record RemoteCommand(boolean stdin, boolean stdout, boolean stderr, boolean tty) {}
