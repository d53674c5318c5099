//! The REST socket: connections, replies, and the silence that a fault may ask for.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::calls::{self, Outcome};
use crate::control;
use crate::http::{HttpReply, ReadFailure, read_request};
use crate::hub::Hub;

/// Accepts connections until the run ends.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((socket, _)) = accepted {
                    connections.spawn(connection(socket, Arc::clone(&hub)));
                }
            }
            Some(_) = connections.join_next() => {}
            () = hub.stopped() => break,
        }
    }
    connections.shutdown().await;
}

/// Serves one connection until either side has enough. Its errors are the peer's affair: it went away.
async fn connection(socket: TcpStream, hub: Arc<Hub>) {
    let _ = socket.set_nodelay(true);
    let mut socket = BufReader::new(socket);
    loop {
        let request = match read_request(&mut socket).await {
            Ok(request) => request,
            Err(ReadFailure::Closed) => return,
            Err(ReadFailure::Refuse(status)) => {
                let reply = HttpReply::json(status, "{}".to_owned());
                let _ = socket.write_all(&reply.to_bytes(false)).await;
                return;
            }
        };
        let outcome = if request.path.starts_with(control::PREFIX) {
            Outcome::Reply { reply: control::answer(&hub, &request).await, after: Duration::ZERO }
        } else {
            hub.with(|exchange| calls::answer(exchange, &request))
        };
        match outcome {
            Outcome::Reply { reply, after } => {
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                let sent = socket.write_all(&reply.to_bytes(request.keep_alive)).await;
                if sent.is_err() || !request.keep_alive {
                    return;
                }
            }
            Outcome::Silence { hold } => {
                // The peer may give up first.
                let mut ignored = [0u8; 256];
                let gone = async { while socket.read(&mut ignored).await.is_ok_and(|read| read > 0) {} };
                let _ = tokio::time::timeout(hold, gone).await;
                return;
            }
        }
    }
}
