/** Objects between JSON trees and protobuf, by the types of their kinds. */
package io.hubspoke.api.protobuf;
