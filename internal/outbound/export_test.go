package outbound

import "net"

// Control is what the dialer asks before it connects.
func Control(network, address string) error { return control(network, address, nil) }

// Dial connects as a client does once a name has been looked up.
func Dial(address string) error {
	conn, err := (&net.Dialer{Control: control}).Dial("tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
