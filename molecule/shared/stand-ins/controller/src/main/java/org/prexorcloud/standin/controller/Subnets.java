// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** network.allowedSubnets: who may talk to the REST and daemon ports. Loopback always may. */
final class Subnets {
    private static final Logger LOG = LoggerFactory.getLogger("AllowedSubnetsList");

    private record Subnet(String text, byte[] network, int bits) {
        boolean contains(byte[] address) {
            if (address.length != network.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit % 8);
                if ((address[bit / 8] & mask) != (network[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private final List<Subnet> subnets = new CopyOnWriteArrayList<>();

    Subnets(List<String> entries) {
        for (String entry : entries) {
            try {
                subnets.add(parse(entry));
            } catch (IllegalArgumentException e) {
                LOG.warn("Ignoring invalid CIDR in allowedSubnets: {} ({})", entry, e.getMessage());
            }
        }
    }

    /** @throws IllegalArgumentException naming what is wrong with the CIDR */
    static void check(String cidr) {
        parse(cidr);
    }

    private static Subnet parse(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        byte[] network = literal(host);
        int width = network.length * 8;
        int bits = width;
        if (slash >= 0) {
            try {
                bits = Integer.parseInt(text.substring(slash + 1));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("Invalid CIDR prefix: " + text, e);
            }
            if (bits < 0 || bits > width) {
                throw new IllegalArgumentException(
                        "Prefix length " + bits + " out of range [0," + width + "] for " + text);
            }
        }
        return new Subnet(text, network, bits);
    }

    /** Only literals: a name must never be looked up here. */
    private static byte[] literal(String host) {
        try {
            if (host.matches("[0-9.]+") || host.contains(":")) {
                return InetAddress.ofLiteral(host).getAddress();
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Invalid CIDR address: " + host, e);
        }
        throw new IllegalArgumentException("Invalid CIDR address: " + host);
    }

    boolean allows(String address) {
        try {
            InetAddress peer = InetAddress.getByName(address);
            return peer.isLoopbackAddress() || subnets.stream().anyMatch(s -> s.contains(peer.getAddress()));
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** @return whether the list changed */
    boolean add(String cidr) {
        Subnet subnet = parse(cidr);
        return !list().contains(cidr) && subnets.add(subnet);
    }

    boolean remove(String cidr) {
        return subnets.removeIf(subnet -> subnet.text().equals(cidr));
    }

    List<String> list() {
        return new ArrayList<>(subnets.stream().map(Subnet::text).toList());
    }

    boolean wideOpen() {
        return subnets.stream().anyMatch(subnet -> subnet.bits() == 0);
    }
}
