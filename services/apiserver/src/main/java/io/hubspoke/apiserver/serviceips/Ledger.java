package io.hubspoke.apiserver.serviceips;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * What services are given one of each of, and where it is written down who has what.
 *
 * @param prefix of the entries in the store, each named by what is taken and with its owner's UID
 * @param heldBy what a service holds by what it says itself
 * @param inRange whether it is of what can be given
 * @param component who reports what is wrong with it
 * @param reason begins the reasons of reports
 * @param named how a person calls one of them
 * @param range what it should be in, for a person
 */
record Ledger(
    String prefix,
    Function<ObjectNode, Set<String>> heldBy,
    Predicate<String> inRange,
    String component,
    String reason,
    UnaryOperator<String> named,
    String range) {}
